import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What these tests run against; `cargo xtask test` starts it and says where it is. */

export const need = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see frontend/README.md`);
  return value;
};

/** The repository of `acme`, and so the stack of its production. */
export const SHOP = process.env.BERTH_REPOSITORY ?? 'shop';

/** How long a push may take to be live, builds on a slow machine included. */
export const LONG = 240_000;

/**
 * Where the job leaves its session for the tests after it. Playwright empties its own folder when
 * it starts: to run one project alone (`--no-deps`), keep the session elsewhere.
 */
export const SESSION = process.env.BERTH_SESSION ?? 'test-results/session.json';

/** Asks the simulator's driver: the part of GitHub's people. */
export async function github<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${need('SIM_URL')}/_sim${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

/** Asks Traefik for a host, as DNS would lead to it. */
export function routed(host: string): Promise<{ status: number; text: string }> {
  const router = new URL(need('ROUTER_URL'));
  return new Promise((resolve, reject) => {
    const asking = request(
      { host: router.hostname, port: router.port, path: '/', headers: { host }, timeout: 10_000 },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => (text += part));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
        answer.on('error', reject);
      },
    );
    asking.on('error', reject);
    asking.on('timeout', () => asking.destroy(new Error(`${host} did not answer`)));
    asking.end();
  });
}

/** A clone of the sample repository in a folder of its own. */
export class Clone {
  readonly folder = mkdtempSync(join(tmpdir(), 'berth-e2e-'));

  git(...args: string[]): string {
    return execFileSync(
      'git',
      [
        ['-c', 'user.name=Mira'],
        ['-c', 'user.email=mira@example.com'],
        ['-c', 'commit.gpgsign=false'],
        args,
      ].flat(),
      {
        cwd: this.folder,
        encoding: 'utf8',
        timeout: 60_000,
        env: { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' },
      },
    ).trim();
  }

  constructor() {
    this.git('clone', '--quiet', `${need('SIM_URL')}/acme/${SHOP}.git`, '.');
  }

  /** Commits one file's new text and pushes the branch; returns the commit's SHA. */
  push(branch: string, message: string, file: string, text: string): string {
    this.git('switch', '--quiet', '-C', branch);
    writeFileSync(join(this.folder, file), text);
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', message);
    this.git('push', '--quiet', 'origin', `HEAD:${branch}`);
    return this.git('rev-parse', 'HEAD');
  }
}

/** Pulls a string of the test world: see `tests/src/control.rs`. Gives what it says beside `ok`. */
export function control(word: 'kill' | 'start' | 'second' | 'kill-second'): Promise<string> {
  const [host, port] = need('WORLD_CONTROL').split(':');
  return new Promise((resolve, reject) => {
    const line = connect(Number(port), host ?? '');
    let said = '';
    line.setEncoding('utf8');
    line.on('data', (part: string) => (said += part));
    line.on('error', reject);
    line.on('end', () => {
      const [, rest] = /^ok ?(.*)\n$/.exec(said) ?? [];
      if (rest === undefined) reject(new Error(`${word}: ${said}`));
      else resolve(rest);
    });
    line.write(`${word}\n`);
  });
}
