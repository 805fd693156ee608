export const threads = {
  actions: (title: string) => `Actions of thread ${title}`,
  archive: "Archive",
  archiveHelp:
    "Its worktree is removed after what is uncommitted there was saved as a snapshot. A branch with unmerged commits is kept.",
  archiveTitle: "Archive this thread?",
  delete: "Delete…",
  deleteHelp:
    "Messages are gone for good. What is uncommitted in its worktree is saved as a snapshot; a branch with unmerged commits is kept.",
  deleteTitle: "Delete this thread?",
  gitStates: { clean: "No changes", dirty: "Uncommitted changes", merged: "Merged", pushed: "Pushed", unpushed: "Unpushed commits" } as Record<string, string>,
  modes: { local: "In the project", worktree: "Own worktree" },
  pin: "Pin",
  stages: { backlog: "Backlog", in_progress: "In progress", review: "Review", done: "Done" } as Record<string, string>,
  statuses: {
    idle: "Not started",
    pending: "Starting",
    running: "Running",
    waiting: "Waiting for you",
    completed: "Completed",
    failed: "Failed",
    stopped: "Stopped",
    interrupted: "Interrupted",
  } as Record<string, string>,
  stop: "Stop",
  unpin: "Unpin",
};
