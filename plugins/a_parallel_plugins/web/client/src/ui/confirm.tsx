import { type ReactNode, useState } from "react";
import { text } from "@/i18n";
import { Button } from "./button";
import { Dialog, DialogActions, DialogContent } from "./dialog";

/** Asks before something is done that cannot be undone. `onConfirm` may return a promise; the dialog waits for it. */
export function ConfirmDialog({
  open,
  onOpenChange,
  title,
  children,
  action,
  danger = true,
  onConfirm,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  children?: ReactNode;
  action: string;
  danger?: boolean;
  onConfirm: () => unknown;
}) {
  const [busy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    try {
      await onConfirm();
      onOpenChange(false);
    } catch {
      // The mutation has told why (data/query.ts); the question stays.
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title={title} className="sm:w-[min(26rem,calc(100vw-2rem))]" role="alertdialog">
        <div className="text-[0.8125rem] text-muted-foreground">{children}</div>
        <DialogActions>
          <Button variant="outline" onClick={() => onOpenChange(false)}>
            {text.common.cancel}
          </Button>
          <Button variant={danger ? "danger" : "primary"} busy={busy} onClick={confirm} autoFocus>
            {action}
          </Button>
        </DialogActions>
      </DialogContent>
    </Dialog>
  );
}
