import type { Option } from '../command.ts';

/** What makes a plan. A run that has one takes them from its file. */
export const PLAN_OPTIONS: Readonly<Record<string, Option>> = {
  from: { type: 'string', value: 'R', help: 'the region that loses the primary' },
  to: { type: 'string', value: 'R', help: 'region or server to promote; default: the furthest' },
  mode: { type: 'string', value: 'MODE', help: 'failover (the primary is gone) or switchover (it is well)' },
  here: { type: 'string', value: 'R', help: 'the region in which this machine stands' },
  'accept-loss': { type: 'string', value: 'LOSS', help: 'what may be lost: 30s, 16MB or unknown' },
  stable: { type: 'string', value: 'TIME', help: 'how long to watch afterwards; default: 30s' },
  'apps-within': { type: 'string', value: 'TIME', help: 'how long the apps may take to follow; default: 60s' },
  'require-fence': { type: 'boolean', help: 'stop if the region cannot be fenced, even if it is dead' },
  rebuild: { type: 'boolean', help: 'run the hooks that rebuild the old primary' },
  'discard-tail': { type: 'boolean', help: 'give up the writes that only the old primary has' },
};

/** Whether the tail is given up may be decided when nothing else is left to do. */
export const isDecidedLater = (verb: string | undefined, option: string): boolean =>
  verb === 'resume' && option === 'discard-tail';
