import { useNavigate } from "@tanstack/react-router";
import { FolderOpen, GitBranch } from "lucide-react";
import { text } from "@/i18n";
import { Dialog, DialogContent } from "@/ui/dialog";
import { Tab, TabPanel, Tabs, TabsList } from "@/ui/tabs";
import { AddFolder } from "./add-folder";
import { Clone } from "./clone";

/** The two ways to a project: a directory that is there, or a clone. */
export function AddProject({ onAdded }: { onAdded: (projectId: string) => void }) {
  return (
    <Tabs defaultValue="folder">
      <TabsList className="mb-4">
        <Tab value="folder">
          <FolderOpen /> {text.setup.fromFolder}
        </Tab>
        <Tab value="clone">
          <GitBranch /> {text.setup.fromGithub}
        </Tab>
      </TabsList>
      <TabPanel value="folder">
        <AddFolder onAdded={onAdded} />
      </TabPanel>
      <TabPanel value="clone">
        <Clone onAdded={onAdded} />
      </TabPanel>
    </Tabs>
  );
}

export default function AddProjectDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  return (
    <Dialog open onOpenChange={(open) => open || onClose()}>
      <DialogContent title={text.shell.addProject} description={text.setup.projectHelp}>
        <AddProject
          onAdded={(projectId) => {
            onClose();
            void navigate({ to: "/projects/$projectId", params: { projectId } });
          }}
        />
      </DialogContent>
    </Dialog>
  );
}
