import { Ban, EllipsisVertical, KeyRound, LogOut, ShieldCheck, ShieldOff, Trash2 } from "lucide-react";
import { type Account, useUserAction } from "@/data/users";
import { text } from "@/i18n";
import { Badge } from "@/ui/badge";
import { IconButton } from "@/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/ui/menu";
import { toast } from "@/ui/toast";

/** One account and what can be done with it. */
export function UserRow({ user, isMe, onAsk }: { user: Account; isMe: boolean; onAsk: (what: "password" | "ban" | "remove") => void }) {
  const act = useUserAction();
  const { id: userId, name, username, email, banned, banReason } = user;
  const admin = isAdmin(user);
  const setRole = () => act.mutate({ action: "set-role", body: { userId, role: admin ? "user" : "admin" } });
  const signOut = () =>
    act.mutate({ action: "revoke-user-sessions", body: { userId } }, { onSuccess: () => toast.success(text.users.signedOut) });
  return (
    <li className="flex items-center gap-3 px-4 py-2.5">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="truncate text-[0.8125rem] font-medium">{name}</span>
          {isMe ? <Badge tone="outline">{text.users.you}</Badge> : null}
          {admin ? <Badge tone="primary">{text.users.roles.admin}</Badge> : null}
          {banned ? (
            <Badge tone="danger" title={banReason ?? undefined}>
              {text.users.banned}
            </Badge>
          ) : null}
        </p>
        <p className="truncate text-xs text-muted-foreground">{[username, email].filter(Boolean).join(" · ")}</p>
      </div>
      {isMe ? null : (
        <Menu>
          <MenuTrigger asChild>
            <IconButton className="size-9 md:size-7" label={text.users.actionsOf(name)} busy={act.isPending}>
              <EllipsisVertical />
            </IconButton>
          </MenuTrigger>
          <MenuContent align="end">
            <MenuItem icon={admin ? <ShieldOff /> : <ShieldCheck />} onSelect={setRole}>
              {admin ? text.users.makeUser : text.users.makeAdmin}
            </MenuItem>
            <MenuItem icon={<KeyRound />} onSelect={() => onAsk("password")}>
              {text.users.setPassword}
            </MenuItem>
            <MenuItem icon={<LogOut />} onSelect={signOut}>
              {text.users.signOut}
            </MenuItem>
            {banned ? (
              <MenuItem icon={<Ban />} onSelect={() => act.mutate({ action: "unban-user", body: { userId } })}>
                {text.users.unban}
              </MenuItem>
            ) : (
              <MenuItem icon={<Ban />} onSelect={() => onAsk("ban")}>
                {text.users.ban}
              </MenuItem>
            )}
            <MenuSeparator />
            <MenuItem icon={<Trash2 />} danger onSelect={() => onAsk("remove")}>
              {text.users.remove}
            </MenuItem>
          </MenuContent>
        </Menu>
      )}
    </li>
  );
}

function isAdmin({ role }: Account): boolean {
  return (role ?? "").split(",").includes("admin");
}
