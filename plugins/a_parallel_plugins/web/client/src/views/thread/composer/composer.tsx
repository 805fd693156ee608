import { ArrowUp, Play, Square } from "lucide-react";
import { useEffect, useState } from "react";
import { useStopThread } from "@/data/threads";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Tip } from "@/ui/tooltip";
import type { ImageAttachment, Thread } from "../conversation/types";
import { type Model, ModelPicker, ModePicker, type PermissionMode } from "./pickers";
import { Prompt } from "./prompt";
import { useSend } from "./send";

const DRAFT = "a-parallel.draft.";
/** A failed run has its own notice with the same button. */
const RESUMABLE = ["stopped", "interrupted"];

/** Where one writes to the agent of a thread, also while it works. */
export function Composer({ thread, directory }: { thread: Thread; directory: string | null }) {
  const send = useSend();
  const stop = useStopThread();
  const [value, setValue] = useDraft(thread.id);
  const [images, setImages] = useState<ImageAttachment[]>([]);
  const [files, setFiles] = useState<string[]>([]);
  const [model, setModel] = useState<Model | null>(null);
  const [mode, setMode] = useState<PermissionMode | null>(null);
  const busy = ["pending", "running", "waiting"].includes(thread.status);
  const empty = value.trim() === "" && images.length === 0;

  const submit = () => {
    if (empty) return;
    const mentioned = files.filter((file) => value.includes(`@${file}`));
    void send({ content: value.trim(), images, files: mentioned, model: model ?? undefined, permissionMode: mode ?? undefined });
    setValue("");
    setImages([]);
    setFiles([]);
    setModel(null);
    setMode(null);
  };

  return (
    <Prompt
      label={text.threads.message}
      placeholder={placeholder(thread.status)}
      value={value}
      onChange={setValue}
      images={images}
      onImages={setImages}
      onMention={(file) => setFiles([...files, file])}
      directory={directory}
      onSubmit={submit}
      tools={
        <>
          <ModelPicker value={model ?? thread.model} onChange={setModel} />
          <ModePicker value={mode ?? thread.permissionMode} onChange={setMode} />
          <span className="flex-1" />
          {busy ? (
            <Tip label={text.threads.stop} side="top">
              <Button
                variant="outline"
                size="icon"
                className="rounded-full"
                aria-label={text.threads.stop}
                busy={stop.isPending}
                onClick={() => stop.mutate(thread.id)}
              >
                {stop.isPending ? null : <Square className="size-3! fill-current" />}
              </Button>
            </Tip>
          ) : null}
          {!busy && empty && RESUMABLE.includes(thread.status) ? (
            <Button variant="secondary" className="rounded-full max-sm:w-9 max-sm:px-0" onClick={() => void send({ content: text.threads.continue })}>
              <Play /> <span className="max-sm:sr-only">{text.threads.resume}</span>
            </Button>
          ) : null}
          <Tip label={text.threads.send} shortcut="enter" side="top">
            <Button
              variant="primary"
              size="icon"
              className="ml-1 rounded-full"
              aria-label={text.threads.send}
              aria-disabled={empty}
              onClick={submit}
            >
              <ArrowUp />
            </Button>
          </Tip>
        </>
      }
    />
  );
}

function placeholder(status: string): string {
  if (status === "waiting") return text.threads.answerWords;
  return ["pending", "running"].includes(status) ? text.threads.followUp : text.threads.messagePlaceholder;
}

/** A text that a reload of the page does not lose. */
function useDraft(threadId: string): [string, (value: string) => void] {
  const [value, setValue] = useState(() => read(threadId));
  useEffect(() => setValue(read(threadId)), [threadId]);
  return [
    value,
    (next) => {
      setValue(next);
      try {
        if (next) sessionStorage.setItem(DRAFT + threadId, next);
        else sessionStorage.removeItem(DRAFT + threadId);
      } catch {
        // Storage may be full or forbidden; the draft then lasts as long as the page.
      }
    },
  ];
}

function read(threadId: string): string {
  try {
    return sessionStorage.getItem(DRAFT + threadId) ?? "";
  } catch {
    return "";
  }
}
