import { listenToLines, readLines, type LogFilter } from '~/api/container-logs';
import type { ContainerLine, LogTrouble } from '~/api/schema.gen';

import { asked, isTime, isWithin, matcher, type LogSearch } from './filter';
import { LineBuffer, sift } from './line-buffer';

/** Lines of the first page, and of each further one. */
const FIRST = 1_000;
const PART = 2_000;
/** The page is painted anew for new lines as often as this, in milliseconds. */
const EVERY_MS = 60;

export type Facts = {
  phase: 'loading' | 'ready' | 'failed';
  error: unknown;
  /** Whether the server has lines before the first and after the last that are here. */
  older: boolean;
  newer: boolean;
  loadingOlder: boolean;
  loadingNewer: boolean;
  /** Why the last page of older or newer lines did not come. */
  moreError: unknown;
  keptSince: string | null;
  services: readonly string[];
  troubles: readonly LogTrouble[];
  /** The stream: `off` where no new lines are waited for. */
  link: 'off' | 'connecting' | 'live' | 'lost';
  /** When the server was last heard, in milliseconds of the epoch. */
  heardAt: number;
};

/** The server as a session needs it; a test puts its own in place. */
export type LogServer = { read: typeof readLines; listen: typeof listenToLines };
const SERVER: LogServer = { read: readLines, listen: listenToLines };

let serials = 0;

/**
 * One look at a stack's log through one filter: a piece without a gap, that grows at both ends, and
 * the stream at its new end. It has at most one stream, and none once it is stopped.
 */
export class LogSession {
  /** Tells this look from the ones before and after it. */
  readonly serial = ++serials;
  readonly buffer: LineBuffer;
  readonly filter: LogFilter;
  facts: Facts = {
    phase: 'loading',
    error: undefined,
    older: false,
    newer: false,
    loadingOlder: false,
    loadingNewer: false,
    moreError: undefined,
    keptSince: null,
    services: [],
    troubles: [],
    link: 'off',
    heardAt: 0,
  };
  /** What lies between these is here, as far as the filter lets it through. */
  #from: string | undefined;
  #to: string | undefined;
  /** The line that was read around. */
  #sought: string | undefined;
  /** Whoever reads is not at the end: what is there may not fall out. */
  #held = false;
  #abort = new AbortController();
  #leave: (() => void) | undefined;
  #version = 0;
  #telling = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  #toldAt = 0;
  #watchers = new Set<() => void>();

  constructor(
    readonly stack: string,
    readonly search: LogSearch,
    private readonly server: LogServer = SERVER,
    buffer = new LineBuffer(),
  ) {
    this.buffer = buffer;
    this.filter = asked(search, Date.now());
  }

  /** Whether new lines belong to what is looked at. */
  get open(): boolean {
    return !this.filter.until || Date.parse(this.filter.until) > Date.now();
  }

  version = (): number => this.#version;

  watch = (tell: () => void): (() => void) => {
    this.#watchers.add(tell);
    return () => this.#watchers.delete(tell);
  };

  /**
   * Begins with what a wider look already has, if it reaches to the end; else asks the server, for
   * the lines around `at` where that is one.
   */
  async start(at: string | undefined, wide?: LogSession): Promise<void> {
    if (wide?.covers(this.search) && (!at || isTime(at) || wide.buffer.find(at) !== undefined)) {
      const { signal } = this.#abort;
      const { lines } = wide.buffer;
      const found = isWithin(wide.search, this.search)
        ? [...lines]
        : await sift(lines, matcher(this.filter), signal);
      if (!found) return;
      this.#begin(found, wide.#from, wide.#to);
      const { older, keptSince, services, troubles } = wide.facts;
      this.#set({ phase: 'ready', older, keptSince, services, troubles });
      this.#listen();
      return;
    }
    await this.load(at);
  }

  covers(search: LogSearch): boolean {
    return this.facts.phase === 'ready' && !this.facts.newer && isWithin(search, this.search);
  }

  /** Reads everything anew: around a line, or the newest. */
  async load(at?: string): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    this.#set({
      phase: this.buffer.lines.length > 0 ? 'ready' : 'loading',
      error: undefined,
      moreError: undefined,
      loadingOlder: false,
      loadingNewer: false,
    });
    const around = at && !isTime(at) ? at : undefined;
    this.#sought = around;
    try {
      const place = { around, limit: FIRST };
      const page = await this.server.read(this.stack, this.filter, place, abort.signal);
      if (abort.signal.aborted) return;
      this.#begin(page.lines, page.lines[0]?.id, page.lines.at(-1)?.id);
      this.#set({
        phase: 'ready',
        older: page.older,
        newer: page.newer,
        keptSince: page.kept_since,
        services: page.services,
        troubles: page.troubles,
        heardAt: Date.now(),
      });
      if (!page.newer) this.#listen();
    } catch (error) {
      if (!abort.signal.aborted) this.#set({ phase: 'failed', error });
    }
  }

  /** Ends the stream and whatever is being read. */
  stop(): void {
    this.#abort.abort();
    this.#deafen();
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.#telling = false;
  }

  /** Reads what lies around a line that is not here, unless that was tried. */
  seek(id: string): void {
    if (isTime(id) || this.buffer.find(id) !== undefined || this.#sought === id) return;
    void this.load(id);
  }

  hold(held: boolean): void {
    this.#held = held;
  }

  async older(): Promise<void> {
    const { facts } = this;
    if (facts.phase !== 'ready' || !facts.older || facts.loadingOlder) return;
    this.#set({ loadingOlder: true, moreError: undefined });
    const { signal } = this.#abort;
    try {
      const place = { before: this.#from, limit: PART };
      const page = await this.server.read(this.stack, this.filter, place, signal);
      if (signal.aborted) return;
      const fell = this.buffer.prepend(page.lines);
      this.#from = page.lines[0]?.id ?? this.#from;
      this.#set({
        older: page.older && page.lines.length > 0,
        keptSince: page.kept_since,
        services: page.services,
      });
      if (fell) this.#fellBehind();
    } catch (error) {
      if (!signal.aborted) this.#set({ moreError: error });
    } finally {
      if (!signal.aborted) this.#set({ loadingOlder: false });
    }
  }

  async newer(): Promise<void> {
    const { facts } = this;
    if (facts.phase !== 'ready' || !facts.newer || facts.loadingNewer) return;
    this.#set({ loadingNewer: true, moreError: undefined });
    const { signal } = this.#abort;
    try {
      const place = { after: this.#to, limit: PART };
      const page = await this.server.read(this.stack, this.filter, place, signal);
      if (signal.aborted) return;
      this.#append(page.lines);
      const newer = page.newer && page.lines.length > 0;
      this.#set({ newer, services: page.services, heardAt: Date.now() });
      if (!newer) this.#listen();
    } catch (error) {
      if (!signal.aborted) this.#set({ moreError: error });
    } finally {
      if (!signal.aborted) this.#set({ loadingNewer: false });
    }
  }

  #begin(lines: ContainerLine[], from: string | undefined, to: string | undefined): void {
    this.buffer.replace(lines);
    this.#from = from;
    this.#to = to;
  }

  #append(lines: readonly ContainerLine[]): void {
    if (this.buffer.append(lines)) {
      this.#from = this.buffer.first;
      this.facts = { ...this.facts, older: true };
    }
    this.#to = lines.at(-1)?.id ?? this.#to;
  }

  /** The new end is not here any more: the stream would leave a gap. */
  #fellBehind(): void {
    this.#deafen();
    this.#to = this.buffer.last;
    this.#set({ newer: true });
  }

  #listen(): void {
    if (!this.open || this.#leave) return;
    this.#set({ link: 'connecting' });
    this.#leave = this.server.listen(this.stack, this.filter, {
      after: () => this.#to,
      onOpen: () => {
        this.#set({ link: 'live', heardAt: Date.now() });
        // Without a line to go on from, what came before the stream was there would be missed.
        if (this.#to === undefined) void this.#catchUp();
      },
      onLost: () => {
        if (this.facts.link !== 'lost') this.#set({ link: 'lost' });
      },
      onLines: (lines) => {
        if (this.#held && this.buffer.isFullWith(lines.length)) {
          this.#fellBehind();
          return;
        }
        const known = new Set(this.facts.services);
        const fresh = new Set(lines.map(({ service }) => service).filter((it) => !known.has(it)));
        this.#append(lines);
        this.#set({
          heardAt: Date.now(),
          ...(fresh.size > 0 && { services: [...known, ...fresh].toSorted() }),
        });
      },
      onTroubles: (troubles) => this.#set({ troubles, heardAt: Date.now() }),
    });
  }

  async #catchUp(): Promise<void> {
    const { signal } = this.#abort;
    try {
      const page = await this.server.read(this.stack, this.filter, { limit: FIRST }, signal);
      // The stream may have been quicker: what it brought stays at the end.
      if (signal.aborted || page.lines.length === 0) return;
      const had = this.buffer.lines;
      this.#begin(page.lines, page.lines[0]?.id, page.lines.at(-1)?.id);
      this.#append(had);
      this.#set({ older: page.older, keptSince: page.kept_since, services: page.services });
    } catch {
      // The next line of the stream shows that it is well; an empty page was right before.
    }
  }

  #deafen(): void {
    this.#leave?.();
    this.#leave = undefined;
    if (this.facts.link !== 'off') this.#set({ link: 'off' });
  }

  /** Tells once a frame, and not with every frame while many parts come. */
  #set(part: Partial<Facts>): void {
    this.facts = { ...this.facts, ...part };
    if (this.#telling) return;
    this.#telling = true;
    const wait = this.#toldAt + EVERY_MS - performance.now();
    const soon = () => {
      this.#frame = requestAnimationFrame(() => this.#tell());
    };
    if (wait > 0) this.#timer = setTimeout(soon, wait);
    else soon();
  }

  #tell(): void {
    this.#telling = false;
    this.#toldAt = performance.now();
    this.#version += 1;
    for (const tell of this.#watchers) tell();
  }
}
