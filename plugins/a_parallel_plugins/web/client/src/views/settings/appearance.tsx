import { text } from "@/i18n";
import { setTheme, type Theme, useTheme } from "@/shell/theme";
import { Section } from "@/ui/page";
import { Segmented } from "@/ui/switch";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

export default function AppearancePage() {
  const theme = useTheme();
  return (
    <Section title={text.shell.theme}>
      <Segmented
        label={text.shell.theme}
        value={theme}
        onChange={setTheme}
        options={THEMES.map((value) => ({ value, label: text.shell.themes[value] }))}
      />
    </Section>
  );
}
