import { chooseSingleKeys, PALETTE_KEY, singleKeys } from '~/lib/keys';
import { useStore } from '~/lib/store';
import { chooseTheme, theme, type Theme } from '~/lib/theme';
import { ChoiceField } from '~/ui/field';

const OPTIONS: readonly { value: Theme; label: string }[] = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

const SINGLE_KEYS = [
  { value: 'on', label: 'On' },
  { value: 'off', label: 'Off' },
] as const;

export function Appearance() {
  const choice = useStore(theme);
  const keys = useStore(singleKeys);
  return (
    <div className="max-w-80 space-y-6">
      <ChoiceField
        label="Theme"
        name="theme"
        options={OPTIONS}
        value={choice}
        onChange={chooseTheme}
        hint="Kept in this browser."
      />
      <ChoiceField
        label="Single-key shortcuts"
        name="single-keys"
        options={SINGLE_KEYS}
        value={keys ? 'on' : 'off'}
        onChange={(next) => chooseSingleKeys(next === 'on')}
        hint={`Switch them off if you steer the browser by voice. ${PALETTE_KEY} works all the same.`}
      />
    </div>
  );
}
