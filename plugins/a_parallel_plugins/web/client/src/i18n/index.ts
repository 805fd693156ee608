import { en } from "./en";

export type Catalogue = typeof en;

const catalogues: Record<string, Catalogue> = { en };

/**
 * The texts of the page in the reader's language. Texts with a value in them are functions:
 * `text.threads.count(3)`. A change of language loads the page anew.
 */
export const text: Catalogue = catalogues[navigator.language.slice(0, 2)] ?? en;
