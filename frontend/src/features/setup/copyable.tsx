import { CopyButton } from '~/ui/copy';

/** An address or a command that one takes elsewhere, whole, on a line of its own. */
export function Copyable({ text, label }: { text: string; label: string }) {
  return (
    <p className="flex items-center gap-1 rounded-control bg-sunken py-1 pr-1.5 pl-3">
      <code className="min-w-0 flex-1 font-mono text-ui wrap-anywhere">{text}</code>
      <CopyButton text={text} label={label} />
    </p>
  );
}
