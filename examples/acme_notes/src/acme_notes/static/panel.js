// The notes of a thread, beside its conversation.

export function mount(element, page) {
  const route = `/api/notes/${page.thread.id}`;
  const list = element.appendChild(document.createElement("ul"));
  const form = element.appendChild(document.createElement("form"));
  const text = form.appendChild(document.createElement("input"));
  text.required = true;
  text.placeholder = "A note for the agent";
  text.setAttribute("aria-label", text.placeholder);
  form.appendChild(document.createElement("button")).textContent = "Add";

  const show = (note) => {
    list.appendChild(document.createElement("li")).textContent = note.text;
  };
  const add = async (event) => {
    event.preventDefault();
    try {
      await page.request(route, { method: "POST", body: JSON.stringify({ text: text.value }) });
      form.reset();
    } catch (error) {
      page.notify("error", error.message);
    }
  };
  form.addEventListener("submit", add);
  page.request(route).then((notes) => notes.forEach(show));
  const stop = page.on("notes:added", (note, thread) => thread === page.thread.id && show(note));
  return stop;
}
