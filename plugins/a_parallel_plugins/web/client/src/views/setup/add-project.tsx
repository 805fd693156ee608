import { text } from "@/i18n";
import { Dialog, DialogContent } from "@/ui/dialog";

export default function AddProjectDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onOpenChange={(open) => open || onClose()}>
      <DialogContent title={text.shell.addProject}>{null}</DialogContent>
    </Dialog>
  );
}
