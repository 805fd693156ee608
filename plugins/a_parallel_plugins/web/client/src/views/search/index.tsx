import { Search } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useThreads } from "@/data/threads";
import { text } from "@/i18n";
import { Input } from "@/ui/input";
import { Page, Section } from "@/ui/page";
import { EmptyState } from "@/ui/states";
import { Archived } from "../home/archived";
import { ThreadList } from "../home/thread-list";

/** Finds threads, archived ones too. */
export default function SearchView() {
  const [typed, setTyped] = useState("");
  const search = useDeferredValue(typed.trim().toLowerCase());
  const threads = useThreads().data ?? [];
  const found = threads.filter(
    ({ title, branch, status, archived }) =>
      !archived && search !== "" && `${title} ${branch ?? ""} ${status}`.toLowerCase().includes(search),
  );
  return (
    <Page title={text.home.searchTitle}>
      <Input
        type="search"
        autoFocus
        aria-label={text.home.searchTitle}
        placeholder={text.home.searchArchived}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        className="mb-6"
      />
      {search === "" ? (
        <EmptyState icon={Search} title={text.home.searchEmpty}>
          {text.home.searchHelp}
        </EmptyState>
      ) : (
        <>
          {found.length > 0 ? (
            <Section title={text.shell.threads}>
              <ThreadList threads={found} withProject />
            </Section>
          ) : (
            <p className="mb-6 text-[0.8125rem] text-muted-foreground">{text.shell.noMatch(typed)}</p>
          )}
          <Archived search={search} />
        </>
      )}
    </Page>
  );
}
