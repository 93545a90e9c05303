import type { Context } from '../../command.ts';
import type { Operations } from '../../config/check-config.ts';
import { OpsError } from '../../errors.ts';
import { durationOption } from '../../options/duration.ts';
import { readAcceptLoss } from '../accept-loss.ts';
import { chooseTarget, type Mode, type Proposal } from '../plan.ts';
import { type Situation, writers } from '../survey/situation.ts';

/** Reads the options that make a plan. @throws {OpsError} `ERR_OPS_USAGE` */
export function readProposal({ values }: Context, config: Operations, situation: Situation): Proposal {
  const mode = (values['mode'] ?? 'failover') as Mode;
  if (mode !== 'failover' && mode !== 'switchover') throw usage('--mode must be failover or switchover');
  const from = region(config, 'from', values['from']) ?? onlyWriter(mode, situation);
  const to = values['to'] as string | undefined;
  if (to !== undefined && !config.nodes.some(({ id, region: name }) => id === to || name === to)) {
    throw usage(
      `--to must be a region or a server of the configuration: ${config.nodes.map(({ id }) => id).join(', ')}`,
    );
  }
  return {
    mode,
    adapter: config.failover.adapter,
    from,
    target: chooseTarget(situation, from, to),
    here: region(config, 'here', values['here']),
    acceptLoss: readAcceptLoss(values['accept-loss'] as string | undefined),
    stableMs: durationOption('stable', values['stable'], 30_000),
    appsWithinMs: durationOption('apps-within', values['apps-within'], 60_000),
    rebuild: values['rebuild'] === true,
    requireFence: values['require-fence'] === true,
    discardTail: values['discard-tail'] === true,
  };
}

const usage = (message: string): OpsError => new OpsError('ERR_OPS_USAGE', message);

function region({ regions }: Operations, option: string, given: unknown): string | undefined {
  if (given === undefined || regions.some(({ name }) => name === given)) return given as string | undefined;
  throw usage(
    `--${option}: the configuration has no such region; it has ${regions.map(({ name }) => name).join(', ')}`,
  );
}

function onlyWriter(mode: Mode, situation: Situation): string {
  const [first, ...others] = [...new Set(writers(situation).map((node) => node.region))];
  if (mode === 'switchover' && first !== undefined && others.length === 0) return first;
  throw usage('--from must name the region that loses the primary');
}
