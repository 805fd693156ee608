import { useQuery } from "@tanstack/react-query";
import { pendingQuery } from "@/data/automations";
import { text } from "@/i18n";

/** How many runs of automations nobody has read yet; nothing if there are none. */
export function InboxCount() {
  const { data: pending } = useQuery(pendingQuery);
  if (!pending?.length) return null;
  return (
    <span className="absolute top-0.5 right-1/4 grid h-4 min-w-4 place-items-center rounded-full bg-primary px-1 text-[0.625rem] font-medium text-primary-foreground tabular-nums md:static md:ml-auto">
      <span aria-hidden>{pending.length > 99 ? "99+" : pending.length}</span>
      <span className="sr-only">{text.inbox.unreadCount(pending.length)}</span>
    </span>
  );
}
