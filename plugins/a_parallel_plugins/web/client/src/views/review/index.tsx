import type { Thread } from "@/data/threads";
import { text } from "@/i18n";

/** The review pane, beside the conversation of a thread or, on a phone, instead of it. */
export default function ReviewPane({ thread }: { thread: Thread }) {
  return (
    <div className="p-4">
      {text.review.title} {thread.branch}
    </div>
  );
}
