import { useMutation } from "@tanstack/react-query";
import { ChevronDown, ShieldQuestion } from "lucide-react";
import { api, call as ask } from "@/api/client";
import { permissionRulesQuery } from "@/data/agents";
import { queries } from "@/data/query";
import { text } from "@/i18n";
import { Button } from "@/ui/button";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/ui/menu";
import { toast } from "@/ui/toast";
import type { Thread, ToolCall } from "../conversation/types";
import { useConversation } from "../conversation/use";
import { parseInput, str } from "../tools/input";
import { kindOf } from "../tools/kinds";
import { WaitingFrame } from "./frame";

type Remember = "tool" | "call" | undefined;

export function PermissionCard({ thread, toolName, call }: { thread: Thread; toolName: string; call: ToolCall | undefined }) {
  const conversation = useConversation();
  const decide = useMutation({
    mutationFn: ({ approved, remember }: { approved: boolean; remember?: Remember }) =>
      ask(
        api.POST("/api/threads/{thread}/approve-tool", {
          params: { path: { thread: thread.id } },
          body: { toolName, approved, ...(remember ? { remember } : {}) },
        }),
      ),
    onSuccess: (_answer, { remember }) => {
      if (remember) {
        void queries.invalidateQueries({ queryKey: permissionRulesQuery(thread.projectId).queryKey });
        toast.success(text.threads.permitted, { detail: text.threads.permittedHelp });
      }
      conversation.answered();
      conversation.refresh();
    },
  });
  const kind = kindOf(toolName);
  const input = parseInput(call?.input ?? null);
  const path = str(input, "file_path", "notebook_path", "path");
  const description = str(input, "description");
  return (
    <WaitingFrame
      title={text.threads.permissionTitle(kind.title)}
      icon={<ShieldQuestion />}
      actions={
        <>
          <Button variant="outline" disabled={decide.isPending} onClick={() => decide.mutate({ approved: false })}>
            {text.threads.denied}
          </Button>
          <span className="flex">
            <Button
              variant="primary"
              className="rounded-r-none"
              busy={decide.isPending}
              onClick={() => decide.mutate({ approved: true })}
            >
              {text.threads.permit}
            </Button>
            <Menu>
              <MenuTrigger asChild>
                <Button
                  variant="primary"
                  aria-label={text.common.more}
                  disabled={decide.isPending}
                  className="rounded-l-none border-l border-primary-foreground/25 px-1.5"
                >
                  <ChevronDown />
                </Button>
              </MenuTrigger>
              <MenuContent align="end">
                <MenuItem onSelect={() => decide.mutate({ approved: true, remember: "call" })}>{text.threads.permitCall}</MenuItem>
                <MenuItem onSelect={() => decide.mutate({ approved: true, remember: "tool" })}>
                  {text.threads.permitTool(kind.title)}
                </MenuItem>
              </MenuContent>
            </Menu>
          </span>
        </>
      }
    >
      {description ? <p className="mb-2 text-[0.8125rem]">{description}</p> : null}
      <div className="overflow-hidden rounded-lg border border-border">
        <kind.Body input={input} raw={call?.input ?? toolName} output={null} running={false} path={path} />
      </div>
    </WaitingFrame>
  );
}
