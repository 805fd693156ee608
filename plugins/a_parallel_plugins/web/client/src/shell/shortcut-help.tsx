import { text } from "@/i18n";
import { Dialog, DialogContent } from "@/ui/dialog";
import { Shortcut } from "@/ui/kbd";
import { show, useShown } from "./actions";
import { activeShortcuts } from "./shortcuts";

export function ShortcutHelp() {
  const { shortcuts } = useShown();
  return (
    <Dialog open={shortcuts} onOpenChange={(open) => show({ shortcuts: open })}>
      <DialogContent title={text.shell.shortcuts}>
        <dl className="grid gap-1">
          {shortcuts
            ? activeShortcuts().map(({ keys, label }) => (
                <div key={keys} className="flex items-center justify-between rounded-md px-2 py-1.5 odd:bg-muted/60">
                  <dt className="text-[0.8125rem]">{label}</dt>
                  <dd>
                    <Shortcut keys={keys} />
                  </dd>
                </div>
              ))
            : null}
        </dl>
      </DialogContent>
    </Dialog>
  );
}
