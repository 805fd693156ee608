import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CheckCheck, Inbox } from "lucide-react";
import { useState } from "react";
import { inboxQuery, useTriage } from "@/data/automations";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { CardList, Page } from "@/ui/page";
import { EmptyState, ErrorState, SkeletonList } from "@/ui/states";
import { Segmented } from "@/ui/switch";
import { InboxRow } from "./row";

type Shown = "pending" | "all";

/** What runs of automations have found, unread first. */
export default function InboxView() {
  const [shown, setShown] = useState<Shown>("pending");
  const { data: items, error, refetch } = useQuery(inboxQuery);
  const triage = useTriage();
  const pending = (items ?? []).filter(({ run }) => run.triageStatus === "pending");
  const listed = shown === "pending" ? pending : (items ?? []);
  const readable = pending.filter(({ run }) => run.completedAt).map(({ run }) => run.id);
  return (
    <Page
      title={text.inbox.title}
      description={text.inbox.subtitle}
      actions={
        <>
          {readable.length > 1 ? (
            <Button variant="ghost" size="sm" onClick={() => triage.mutate({ runs: readable, triageStatus: "reviewed" })}>
              <CheckCheck />
              <span className="max-sm:sr-only">{text.inbox.markAllRead}</span>
            </Button>
          ) : null}
          <Segmented
            label={text.inbox.filter}
            value={shown}
            onChange={setShown}
            options={[
              { value: "pending", label: `${text.inbox.pending}${pending.length ? ` ${pending.length}` : ""}` },
              { value: "all", label: text.inbox.all },
            ]}
          />
        </>
      }
    >
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {!error && !items ? <SkeletonList rows={4} /> : null}
      {items && listed.length === 0 ? <Empty all={shown === "all"} /> : null}
      {listed.length > 0 ? (
        <CardList>
          {listed.map((item) => (
            <InboxRow key={item.run.id} item={item} onTriage={(triageStatus) => triage.mutate({ runs: [item.run.id], triageStatus })} />
          ))}
        </CardList>
      ) : null}
    </Page>
  );
}

function Empty({ all }: { all: boolean }) {
  return (
    <EmptyState
      icon={Inbox}
      title={all ? text.inbox.emptyAllTitle : text.inbox.emptyTitle}
      action={
        <Button asChild variant="outline">
          <Link to="/automations">{text.inbox.toAutomations}</Link>
        </Button>
      }
    >
      {text.inbox.emptyHelp}
    </EmptyState>
  );
}
