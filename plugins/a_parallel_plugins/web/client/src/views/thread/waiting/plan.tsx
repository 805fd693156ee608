import { Telescope } from "lucide-react";
import { useState } from "react";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Textarea } from "@/ui/input";
import { Markdown } from "@/ui/markdown";
import { useSend } from "../composer/send";
import { parseInput, str } from "../tools/input";
import { WaitingFrame } from "./frame";

/** What the server takes for consent to a plan; every other text is a wish for changes. */
const ACCEPTED = "Plan accepted";

export function PlanCard({ input }: { input: string | null }) {
  const send = useSend();
  const [revising, setRevising] = useState(false);
  const [wish, setWish] = useState("");
  const [busy, setBusy] = useState(false);
  const answer = async (content: string) => {
    setBusy(true);
    await send({ content });
    setBusy(false);
  };
  return (
    <WaitingFrame
      title={text.threads.planTitle}
      icon={<Telescope />}
      actions={
        revising ? (
          <>
            <Button variant="ghost" onClick={() => setRevising(false)}>
              {text.threads.previous}
            </Button>
            <Button variant="primary" disabled={wish.trim() === ""} busy={busy} onClick={() => void answer(wish.trim())}>
              {text.threads.send}
            </Button>
          </>
        ) : (
          <>
            <Button variant="outline" onClick={() => setRevising(true)}>
              {text.threads.planRevise}
            </Button>
            <Button variant="primary" busy={busy} onClick={() => void answer(ACCEPTED)}>
              {text.threads.planAccept}
            </Button>
          </>
        )
      }
    >
      <Markdown>{str(parseInput(input), "plan")}</Markdown>
      {revising ? (
        <Textarea
          autoFocus
          className="mt-3"
          aria-label={text.threads.planReviseLabel}
          placeholder={text.threads.planReviseLabel}
          value={wish}
          onChange={(event) => setWish(event.target.value)}
        />
      ) : null}
    </WaitingFrame>
  );
}
