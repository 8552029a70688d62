/**
 * Everything about one service of a stack, beside its map: how it is and why, where its tasks run,
 * what it runs, and what it is joined to. What may be done is in the stack's menu, and what it
 * writes is on the page of the logs.
 */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ScrollText, X } from 'lucide-react';
import { useEffect, useId, useRef, type ReactNode } from 'react';

import { clusterQuery } from '~/api/queries';
import type { Service, Stack } from '~/api/schema.gen';
import { asSentence, bareUrl, count, mainFirst } from '~/lib/text';
import { buttonClass } from '~/ui/button';
import { CopyButton } from '~/ui/copy';
import { Empty } from '~/ui/empty';
import { Fact, FactPanel } from '~/ui/fact';
import { Outside } from '~/ui/outside';
import { Said } from '~/ui/said';
import { Status, Sync } from '~/ui/status';
import { For } from '~/ui/time';

import { MODES } from './services-table';
import { volumeName } from './volumes';

/** Of one service: that of the next is another one. */
export function ServicePanel({
  stack,
  name,
  takeFocus,
  onClose,
}: {
  stack: Stack;
  name: string;
  /** Whether somebody opened it on this page, and did not arrive with its address. */
  takeFocus: boolean;
  onClose: () => void;
}) {
  const service = stack.services.find((it) => it.name === name);
  const heading = useRef<HTMLHeadingElement>(null);
  const id = useId();
  useEffect(() => {
    if (takeFocus) heading.current?.focus();
  }, [takeFocus]);
  return (
    <aside aria-labelledby={id} className="lg:w-90 lg:shrink-0 lg:border-l lg:border-line">
      <div className="px-4 py-5 transition-opacity duration-200 sm:px-6 lg:sticky lg:top-0 lg:max-h-dvh lg:overflow-y-auto lg:px-4 starting:opacity-0">
        <header className="mb-4 flex min-h-8 items-center gap-3">
          <h2
            ref={heading}
            id={id}
            tabIndex={-1}
            className="min-w-0 flex-1 text-panel font-semibold outline-none wrap-anywhere"
          >
            <span className="sr-only">Service </span>
            {name}
          </h2>
          <button
            type="button"
            aria-label="Close"
            aria-keyshortcuts="Escape"
            title="Close (Esc)"
            onClick={onClose}
            className={buttonClass({ kind: 'quiet', size: 'icon' })}
          >
            <X size={16} aria-hidden />
          </button>
        </header>
        {service ? (
          <About stack={stack} service={service} />
        ) : (
          <Empty title="There is no such service">
            {stack.name} has none of this name. A deployment may have removed it.
          </Empty>
        )}
      </div>
    </aside>
  );
}

function About({ stack, service }: { stack: Stack; service: Service }) {
  const { state, reason, running, wanted, mode, image, urls, ports, volumes } = service;
  const differences = stack.differences.filter(
    (it) => it.kind === 'service' && it.name === service.name,
  );
  const neededBy = stack.services.filter(({ depends_on }) => depends_on.includes(service.name));
  return (
    <div className="space-y-4">
      <div className="space-y-1">
        <p className="flex flex-wrap items-center gap-x-2">
          <Status look={service.health} />
          {state && <Since at={state.healthy.since} />}
        </p>
        {reason && (
          <p className="text-meta break-words text-text-2">
            <Said text={asSentence(reason)} />
          </p>
        )}
        {state && (
          <p className="flex flex-wrap items-center gap-x-2">
            <Sync synced={state.synced.value} deploying={stack.deploying} />
            <Since at={state.synced.since} />
          </p>
        )}
        {differences.length > 0 && (
          <ul className="list-disc pl-5 text-meta break-words text-text-2">
            {differences.map(({ field, sentence }) => (
              <li key={field}>
                <Said text={asSentence(sentence)} />
              </li>
            ))}
          </ul>
        )}
      </div>
      <div className="flex flex-wrap gap-2">
        <Link
          to="/stacks/$stack/logs"
          params={{ stack: stack.name }}
          search={{ service: service.name }}
          className={buttonClass({ size: 'small' })}
        >
          <ScrollText size={15} aria-hidden /> Logs
        </Link>
        {differences.length > 0 && (
          <Link
            to="/stacks/$stack/diff"
            params={{ stack: stack.name }}
            className={buttonClass({ size: 'small' })}
          >
            See {count(differences.length, 'difference')} side by side
          </Link>
        )}
      </div>
      <FactPanel>
        <Fact name="Tasks">
          <span className="tabular-nums">
            {running} of {wanted}
          </span>{' '}
          {MODES[mode] ?? ''}
        </Fact>
        <Fact name="Nodes">
          <Nodes stack={stack.name} service={service.name} />
        </Fact>
        <Fact name="Image">
          <span className="flex items-start gap-1">
            <code className="min-w-0 flex-1 font-mono text-meta leading-5 break-all">
              {image || 'Not known yet'}
            </code>
            {image && <CopyButton text={image} label="Copy the image" />}
          </span>
        </Fact>
        <Fact name="Answers at">
          {urls.length > 0 ? (
            <ul>
              {mainFirst(urls).map((url) => (
                <Item key={url}>
                  <Outside href={url}>{bareUrl(url)}</Outside>
                </Item>
              ))}
            </ul>
          ) : (
            <span className="text-text-2">Inside the stack only</span>
          )}
        </Fact>
        <Names name="Ports" all={ports} />
        <Names name="Volumes" all={volumes} shown={(volume) => volumeName(stack.name, volume)} />
        <Others name="Waits for" stack={stack.name} services={service.depends_on} />
        <Others name="Needed by" stack={stack.name} services={neededBy.map((it) => it.name)} />
      </FactPanel>
    </div>
  );
}

function Since({ at }: { at: string }) {
  return (
    <span className="text-meta text-text-2">
      <For since={at} />
    </span>
  );
}

/** Names of what has no page of its own. */
function Names({
  name,
  all,
  shown,
}: {
  name: string;
  all: readonly string[];
  shown?: (it: string) => string;
}) {
  if (all.length === 0) return null;
  return (
    <Fact name={name}>
      <ul>
        {all.map((it) => (
          <Item key={it}>
            <code className="font-mono text-meta leading-5 break-all" title={it}>
              {shown?.(it) ?? it}
            </code>
          </Item>
        ))}
      </ul>
    </Fact>
  );
}

/** Other services of the stack, each a press away. */
function Others({
  name,
  stack,
  services,
}: {
  name: string;
  stack: string;
  services: readonly string[];
}) {
  if (services.length === 0) return null;
  return (
    <Fact name={name}>
      <ul>
        {services.map((service) => (
          <Item key={service}>
            <Link
              to="/stacks/$stack"
              params={{ stack }}
              search={{ service }}
              replace
              resetScroll={false}
              className={LINK}
            >
              {service}
            </Link>
          </Item>
        ))}
      </ul>
    </Fact>
  );
}

/** Where its tasks run, as the leading Berth last saw it. */
function Nodes({ stack, service }: { stack: string; service: string }) {
  const { data, error } = useQuery(clusterQuery());
  if (!data) return <span className="text-text-2">{error ? error.message : '…'}</span>;
  const here = data.nodes.flatMap((node) => {
    const placed = node.tasks.find((it) => it.stack === stack && it.service === service);
    return placed ? [{ node, running: placed.running }] : [];
  });
  if (here.length === 0) return <span className="text-text-2">On none</span>;
  return (
    <ul>
      {here.map(({ node, running }) => (
        <Item key={node.id}>
          <Link to="/cluster/nodes/$node" params={{ node: node.id }} className={LINK}>
            {node.hostname}
          </Link>
          <span className="text-meta text-text-2">{count(running, 'task')}</span>
        </Item>
      ))}
    </ul>
  );
}

const LINK = 'rounded-tag wrap-anywhere hover:underline';

function Item({ children }: { children: ReactNode }) {
  return <li className="flex min-h-6 min-w-0 flex-wrap items-center gap-x-2">{children}</li>;
}
