import { ExternalLink } from "lucide-react";
import { useEffect, useState } from "react";
import { api, call, type Schema } from "@/api/client";
import { messageOf } from "@/api/errors";
import { queries } from "@/data/query";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/code";
import { Card } from "@/ui/page";
import { Spinner } from "@/ui/spinner";
import { Alert } from "@/ui/states";

/** Shows the code to type on GitHub, and asks until it has been typed (RFC 8628). */
export function DeviceFlow({ flow, onAgain, onCancel }: { flow: Schema["DeviceCode"]; onAgain: () => void; onCancel: () => void }) {
  const problem = usePolling(flow);
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
          {text.github.waiting}
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

/** Asks as often as GitHub allows; returns why there is no use in asking on. */
function usePolling({ device_code, interval, expires_in }: Schema["DeviceCode"]): string | null {
  const [problem, setProblem] = useState<string | null>(null);
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
        if (answer.status === "success") {
          await Promise.all([queries.invalidateQueries({ queryKey: ["github"] }), queries.invalidateQueries({ queryKey: ["profile"] })]);
          return;
        }
        if (answer.status !== "pending") return setProblem(answer.status === "denied" ? text.github.denied : text.github.expired);
        if (answer.interval) pause = answer.interval + 1;
        wait();
      } catch (error) {
        if (wanted) setProblem(messageOf(error));
      }
    };
    wait();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [device_code, interval, expires_in]);
  return problem;
}
