export const settings = {
  title: "Settings",
  groups: { personal: "You", agents: "Agents", server: "Server" },
  pages: {
    appearance: "Appearance",
    profile: "Profile",
    github: "GitHub",
    mcp: "MCP servers",
    skills: "Skills",
    "claude-plugins": "Claude plugins",
    users: "Users",
    tokens: "Access tokens",
    plugins: "Plugins",
  } as Record<string, string>,
};
