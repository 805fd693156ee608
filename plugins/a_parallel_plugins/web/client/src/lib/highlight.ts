import type { HighlighterCore, LanguageRegistration, ThemeRegistration } from "shiki/core";

type Loaded<T> = Promise<{ default: T }>;

const LANGUAGES: Record<string, () => Loaded<LanguageRegistration[]>> = {
  bash: () => import("shiki/langs/bash.mjs"),
  c: () => import("shiki/langs/c.mjs"),
  csharp: () => import("shiki/langs/csharp.mjs"),
  css: () => import("shiki/langs/css.mjs"),
  diff: () => import("shiki/langs/diff.mjs"),
  docker: () => import("shiki/langs/docker.mjs"),
  go: () => import("shiki/langs/go.mjs"),
  html: () => import("shiki/langs/html.mjs"),
  ini: () => import("shiki/langs/ini.mjs"),
  java: () => import("shiki/langs/java.mjs"),
  javascript: () => import("shiki/langs/javascript.mjs"),
  json: () => import("shiki/langs/json.mjs"),
  jsx: () => import("shiki/langs/jsx.mjs"),
  kotlin: () => import("shiki/langs/kotlin.mjs"),
  lua: () => import("shiki/langs/lua.mjs"),
  make: () => import("shiki/langs/make.mjs"),
  markdown: () => import("shiki/langs/markdown.mjs"),
  php: () => import("shiki/langs/php.mjs"),
  python: () => import("shiki/langs/python.mjs"),
  ruby: () => import("shiki/langs/ruby.mjs"),
  rust: () => import("shiki/langs/rust.mjs"),
  scss: () => import("shiki/langs/scss.mjs"),
  sql: () => import("shiki/langs/sql.mjs"),
  swift: () => import("shiki/langs/swift.mjs"),
  toml: () => import("shiki/langs/toml.mjs"),
  tsx: () => import("shiki/langs/tsx.mjs"),
  typescript: () => import("shiki/langs/typescript.mjs"),
  vue: () => import("shiki/langs/vue.mjs"),
  xml: () => import("shiki/langs/xml.mjs"),
  yaml: () => import("shiki/langs/yaml.mjs"),
};

const ALIASES: Record<string, string> = {
  cc: "c", cpp: "c", cxx: "c", cfg: "ini", console: "bash", cs: "csharp", dockerfile: "docker", h: "c", hpp: "c", htm: "html", js: "javascript",
  cjs: "javascript", mjs: "javascript", kt: "kotlin", makefile: "make", md: "markdown", patch: "diff", py: "python", pyi: "python",
  rb: "ruby", rs: "rust", sass: "scss", sh: "bash", shell: "bash", svg: "xml", ts: "typescript", mts: "typescript", yml: "yaml", zsh: "bash",
};

/** A stretch of text in one colour; the colour follows the page's theme. */
export interface Token {
  text: string;
  color?: string;
  italic?: boolean;
}

/** Beyond this many characters text stays plain: colouring it would hold the page up. */
export const MOST = 60_000;

/** Returns the language that `name` (a name, an extension or a file name) stands for, or null. */
export function languageOf(name: string): string | null {
  const base = name.slice(name.lastIndexOf("/") + 1).toLowerCase();
  const last = base.slice(base.lastIndexOf(".") + 1);
  const found = ALIASES[base] ?? ALIASES[last] ?? last;
  return found in LANGUAGES ? found : null;
}

let highlighter: Promise<HighlighterCore> | null = null;

async function load(): Promise<HighlighterCore> {
  const [{ createHighlighterCore }, { createJavaScriptRegexEngine }, light, dark] = await Promise.all([
    import("shiki/core"),
    import("shiki/engine/javascript"),
    import("shiki/themes/github-light-high-contrast.mjs") as Loaded<ThemeRegistration>,
    import("shiki/themes/github-dark-default.mjs") as Loaded<ThemeRegistration>,
  ]);
  return createHighlighterCore({
    themes: [light.default, dark.default],
    langs: [],
    // WebAssembly would need a hole in the content security policy.
    engine: createJavaScriptRegexEngine({ forgiving: true }),
  });
}

/** Colours `code`; returns lines of tokens, or null if its language is not known. */
export async function highlight(code: string, language: string): Promise<Token[][] | null> {
  const known = languageOf(language);
  if (known === null || code.length > MOST) return null;
  highlighter ??= load();
  const shiki = await highlighter;
  const grammar = LANGUAGES[known];
  if (!shiki.getLoadedLanguages().includes(known) && grammar) await shiki.loadLanguage((await grammar()).default);
  const { tokens } = shiki.codeToTokens(code, {
    lang: known,
    themes: { light: "github-light-high-contrast", dark: "github-dark-default" },
    defaultColor: false,
  });
  return tokens.map((line) =>
    line.map(({ content, htmlStyle }) => {
      const style = typeof htmlStyle === "object" ? htmlStyle : {};
      return {
        text: content,
        color: `light-dark(${style["--shiki-light"] ?? "inherit"}, ${style["--shiki-dark"] ?? "inherit"})`,
        italic: style["--shiki-light-font-style"] === "italic",
      };
    }),
  );
}
