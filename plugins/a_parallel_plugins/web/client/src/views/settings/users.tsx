import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useSession } from "@/api/session";
import { type Account, usersQuery } from "@/data/users";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { CardList, Section } from "@/ui/page";
import { ErrorState, SkeletonList } from "@/ui/states";
import { BanDialog, PasswordDialog, RemoveDialog } from "./users/dialogs";
import { NewUser } from "./users/new-user";
import { UserRow } from "./users/row";

/** What is asked about a user. */
export type Asked = { what: "password" | "ban" | "remove"; user: Account } | null;

/** The accounts of a server with several users. */
export default function UsersPage() {
  const { user: me } = useSession();
  const { data: users, error, refetch } = useQuery(usersQuery);
  const [adding, setAdding] = useState(false);
  const [asked, setAsked] = useState<Asked>(null);
  const close = () => setAsked(null);
  return (
    <Section
      title={text.settings.pages.users}
      description={text.users.help}
      actions={
        <Button variant="primary" onClick={() => setAdding(true)}>
          <Plus />
          {text.users.add}
        </Button>
      }
    >
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {!error && !users ? <SkeletonList rows={3} /> : null}
      {users ? (
        <CardList>
          {users.map((user) => (
            <UserRow key={user.id} user={user} isMe={user.id === me?.id} onAsk={(what) => setAsked({ what, user })} />
          ))}
        </CardList>
      ) : null}
      <NewUser open={adding} onClose={() => setAdding(false)} />
      <PasswordDialog user={asked?.what === "password" ? asked.user : null} onClose={close} />
      <BanDialog user={asked?.what === "ban" ? asked.user : null} onClose={close} />
      <RemoveDialog user={asked?.what === "remove" ? asked.user : null} users={users ?? []} heir={me?.id ?? ""} onClose={close} />
    </Section>
  );
}
