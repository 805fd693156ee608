import { automations } from "./automations";
import { board } from "./board";
import { common } from "./common";
import { home } from "./home";
import { review } from "./review";
import { settings } from "./settings";
import { setup } from "./setup";
import { shell } from "./shell";
import { statistics } from "./statistics";
import { commands, terminals } from "./terminals";
import { threads } from "./threads";

/** English; one file for each area of the page. */
export const en = { automations, board, commands, common, home, review, settings, setup, shell, statistics, terminals, threads };
