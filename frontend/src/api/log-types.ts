/** How severe a line is, by what its program wrote. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** One line that a container wrote. */
export type ContainerLine = {
  /** Unique within the stack; sorts the lines in the order shown. */
  id: string;
  at: string;
  service: string;
  task: string;
  node: string | null;
  stream: 'stdout' | 'stderr';
  level: LogLevel | null;
  text: string;
};

/** Why something is missing. */
export type LogTrouble = {
  service: string | null;
  node: string | null;
  since: string;
  message: string;
};

export type ContainerLogPage = {
  lines: ContainerLine[];
  older: boolean;
  newer: boolean;
  kept_since: string | null;
  services: string[];
  troubles: LogTrouble[];
};
