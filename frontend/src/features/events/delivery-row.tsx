import { Link } from '@tanstack/react-router';
import { ChevronRight, RotateCcw } from 'lucide-react';

import { useDenied } from '~/api/access';
import { Failure } from '~/api/loaded';
import { replayDelivery } from '~/api/mutations';
import type { Decision, Delivery, Outcome } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { usePress } from '~/lib/press';
import { shortRef, shortSha } from '~/lib/text';
import { full } from '~/lib/time';
import { Button } from '~/ui/button';
import { CopyButton } from '~/ui/copy';
import { Said } from '~/ui/said';
import { Status, StatusIcon, type Look } from '~/ui/status';
import { Ago } from '~/ui/time';
import { say } from '~/ui/say';

import type { Search } from './filter';

const OUTCOMES = {
  deployed: { look: 'noted', word: 'Matched' },
  ignored: { look: 'stopped', word: 'Ignored' },
  recorded: { look: 'noted', word: 'Recorded' },
  failed: { look: 'failed', word: 'Failed' },
} satisfies Record<Outcome, { look: Look; word: string }>;

export function DeliveryRow({
  delivery,
  open,
  search,
}: {
  delivery: Delivery;
  open: boolean;
  search: Search;
}) {
  const outcome = delivery.outcome
    ? OUTCOMES[delivery.outcome]
    : ({ look: 'pending', word: 'Waiting' } as const);
  const name = delivery.action ? `${delivery.event} ${delivery.action}` : delivery.event;
  return (
    <>
      <Link
        to="/events"
        search={{ ...search, id: open ? undefined : delivery.id }}
        resetScroll={false}
        aria-expanded={open}
        className="grid grid-cols-[16px_minmax(0,1fr)_auto] items-center gap-x-3 px-3 py-2 text-ui -outline-offset-2 hover:bg-hover lg:grid-cols-[16px_104px_200px_minmax(0,1fr)_auto]"
      >
        <ChevronRight
          size={14}
          aria-hidden
          className={cn('text-text-3 transition-transform duration-100', open && 'rotate-90')}
        />
        <span className="max-lg:order-2">
          <Status {...outcome} />
        </span>
        <code className="truncate font-mono text-meta max-lg:order-1 max-lg:text-ui" title={name}>
          {name}
        </code>
        <span className="min-w-0 max-lg:order-4 max-lg:col-span-2 max-lg:col-start-2">
          <span className="flex min-w-0 items-baseline gap-2">
            {delivery.repository && (
              <span className="shrink-0 font-medium">{delivery.repository}</span>
            )}
            <code className="truncate font-mono text-meta text-text-2">
              {delivery.git_ref && shortRef(delivery.git_ref)}
              {delivery.sha && ` ${shortSha(delivery.sha)}`}
            </code>
          </span>
          {delivery.reason && (
            <span className={cn('block text-meta text-text-2', !open && 'truncate')}>
              <Said text={delivery.reason} />
            </span>
          )}
        </span>
        <span className="text-meta text-text-2 max-lg:order-5 max-lg:col-span-2 max-lg:col-start-2 lg:text-right">
          {delivery.sender && (
            <span className="block max-lg:inline max-lg:after:content-['_·_']">
              {delivery.sender}
            </span>
          )}
          <Ago at={delivery.received_at} />
        </span>
      </Link>
      {open && <Details delivery={delivery} search={search} />}
    </>
  );
}

function Details({ delivery, search }: { delivery: Delivery; search: Search }) {
  const denied = useDenied('operator');
  const { busy, error, press } = usePress();
  return (
    <div className="border-t border-line bg-sunken py-3 pr-3 pl-10 text-ui">
      {delivery.decisions.length > 0 ? (
        <ul aria-label="What each rule made of it" className="space-y-2">
          {delivery.decisions.map((decision) => (
            <DecisionLine
              key={`${decision.rule_name} ${decision.deployment?.number ?? ''}`}
              decision={decision}
            />
          ))}
        </ul>
      ) : (
        <p className="text-text-2">
          {delivery.processed_at
            ? 'No rule was asked: this event does not deploy anything.'
            : 'Waiting to be worked on.'}
        </p>
      )}
      <div className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-2 border-t border-line pt-3 text-meta text-text-2">
        <span className="flex min-w-0 items-center gap-1">
          <code className="truncate font-mono">{delivery.id}</code>
          <CopyButton text={delivery.id} label="Copy the delivery’s id" />
        </span>
        <span>
          received {full(delivery.received_at)}
          {delivery.sender && (
            <>
              {' '}
              from{' '}
              <Link
                to="/events"
                search={{ ...search, id: undefined, actor: delivery.sender }}
                title={`Only what ${delivery.sender} did`}
                className="underline decoration-line-strong underline-offset-2 hover:text-accent"
              >
                {delivery.sender}
              </Link>
            </>
          )}
        </span>
        <span className="ml-auto">
          <Button
            size="small"
            busy={busy}
            disabledReason={denied}
            onClick={() =>
              press(async () => {
                await replayDelivery(delivery.id);
                say('Replayed: the rules decide again');
              })
            }
          >
            {!busy && <RotateCcw size={14} aria-hidden />}
            Replay
          </Button>
        </span>
      </div>
      {Boolean(error) && (
        <div className="mt-2">
          <Failure error={error} title="Could not replay" />
        </div>
      )}
    </div>
  );
}

function DecisionLine({ decision }: { decision: Decision }) {
  const { deployment } = decision;
  return (
    <li className="flex items-start gap-2">
      <span className="mt-0.5">
        <StatusIcon look={decision.matched ? 'done' : 'stopped'} />
      </span>
      <div className="min-w-0">
        <span className="font-medium">{decision.rule_name}</span>{' '}
        <span className="text-text-2">{decision.matched ? 'matched' : 'did not match'}</span>
        {deployment && (
          <>
            <span className="text-text-2"> · began </span>
            <Link
              to="/stacks/$stack/deployments/$number"
              params={{ stack: deployment.stack, number: String(deployment.number) }}
              className="text-accent underline underline-offset-2"
            >
              {deployment.stack} #{deployment.number}
            </Link>
          </>
        )}
        <p className="text-meta break-words text-text-2">
          <Said text={decision.reason} />
        </p>
      </div>
    </li>
  );
}
