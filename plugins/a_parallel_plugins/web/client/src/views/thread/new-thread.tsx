import { text } from "@/i18n";
import { Dialog, DialogContent } from "@/ui/dialog";

export default function NewThreadDialog({ onClose }: { projectId: string; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={(open) => open || onClose()}>
      <DialogContent title={text.shell.newThread}>{null}</DialogContent>
    </Dialog>
  );
}
