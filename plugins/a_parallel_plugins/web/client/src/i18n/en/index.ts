import { automations, inbox } from "./automations";
import { board } from "./board";
import { common } from "./common";
import { home } from "./home";
import { review } from "./review";
import { claudePlugins, github, mcp, plugins, profile, settings, skills, tokens, users } from "./settings";
import { setup } from "./setup";
import { shell } from "./shell";
import { statistics } from "./statistics";
import { commands, terminals } from "./terminals";
import { threads } from "./threads";

/** English; one file for each area of the page. */
export const en = {
  automations,
  board,
  claudePlugins,
  commands,
  common,
  github,
  home,
  inbox,
  mcp,
  plugins,
  profile,
  review,
  settings,
  setup,
  shell,
  skills,
  statistics,
  terminals,
  threads,
  tokens,
  users,
};
