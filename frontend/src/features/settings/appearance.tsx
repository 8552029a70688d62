import { useStore } from '~/lib/store';
import { chooseTheme, theme, type Theme } from '~/lib/theme';
import { ChoiceField } from '~/ui/field';

const OPTIONS: readonly { value: Theme; label: string }[] = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

export function Appearance() {
  const choice = useStore(theme);
  return (
    <div className="max-w-80">
      <ChoiceField
        label="Theme"
        name="theme"
        options={OPTIONS}
        value={choice}
        onChange={chooseTheme}
        hint="Kept in this browser."
      />
    </div>
  );
}
