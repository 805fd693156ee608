import { ExternalLink } from "lucide-react";
import { useEffect, useState } from "react";
import { api, call, type Schema } from "@/api/client";
import { ApiError, messageOf } from "@/api/errors";
import { queries } from "@/data/query";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/code";
import { Card } from "@/ui/page";
import { Spinner } from "@/ui/spinner";
import { Alert } from "@/ui/states";

/** Shows the code to type on GitHub, and asks until it has been typed (RFC 8628). */
export function DeviceFlow({ flow, onAgain, onCancel }: { flow: Schema["DeviceCode"]; onAgain: () => void; onCancel: () => void }) {
  const { problem, trouble } = usePolling(flow);
  return (
    <Card className="grid justify-items-center gap-3 px-4 py-6 text-center">
      <p className="text-[0.8125rem]">{text.github.code}</p>
      <p className="flex items-center gap-2 font-mono text-2xl font-semibold tracking-widest">
        {flow.user_code}
        <CopyButton value={flow.user_code} />
      </p>
      {problem ? (
        <Alert tone="danger">{problem}</Alert>
      ) : (
        <p role="status" className="flex items-center gap-2 text-xs text-muted-foreground">
          <Spinner />
          {trouble ?? text.github.waiting}
        </p>
      )}
      <div className="flex gap-2">
        <Button variant="outline" onClick={onCancel}>
          {text.common.cancel}
        </Button>
        {problem ? (
          <Button variant="primary" onClick={onAgain}>
            {text.common.retry}
          </Button>
        ) : (
          <Button asChild variant="primary">
            <a href={flow.verification_uri} target="_blank" rel="noopener noreferrer">
              <ExternalLink />
              {text.github.openPage}
            </a>
          </Button>
        )}
      </div>
    </Card>
  );
}

interface Polling {
  /** Why there is no use in asking on. */
  problem: string | null;
  /** Why there was no answer the last time; it is asked again. */
  trouble: string | null;
}

/** Asks as often as GitHub allows, for as long as the code is good. */
function usePolling({ device_code, interval, expires_in }: Schema["DeviceCode"]): Polling {
  const [problem, setProblem] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => {
    let pause = (interval ?? 5) + 1;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wanted = true;
    const end = Date.now() + (expires_in ?? 900) * 1000;
    const wait = () => {
      timer = setTimeout(ask, pause * 1000);
    };
    const ask = async () => {
      if (Date.now() > end) return setProblem(text.github.expired);
      try {
        const answer = await call(api.POST("/api/github/oauth/poll", { body: { deviceCode: device_code } }));
        if (!wanted) return;
        setTrouble(null);
        if (answer.status === "success") {
          await Promise.all([queries.invalidateQueries({ queryKey: ["github"] }), queries.invalidateQueries({ queryKey: ["profile"] })]);
          return;
        }
        if (answer.status !== "pending") return setProblem(answer.status === "denied" ? text.github.denied : text.github.expired);
        if (answer.interval) pause = answer.interval + 1;
        wait();
      } catch (error) {
        if (!wanted) return;
        if (!passes(error)) return setProblem(messageOf(error));
        setTrouble(messageOf(error));
        wait();
      }
    };
    wait();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [device_code, interval, expires_in]);
  return { problem, trouble };
}

/** Whether a failure may be gone the next time: GitHub or the server was not reached. */
function passes(error: unknown): boolean {
  return error instanceof ApiError ? error.status === 424 || error.status >= 500 : error instanceof TypeError;
}
