import type { Operations } from '../../config/check-config.ts';
import { runHooksInOrder } from '../../hooks/run-hooks.ts';
import type { DrillStart, Emit } from '../../records/record.ts';
import type { Hands } from '../conduct.ts';
import { DrillFailure } from '../drill-failure.ts';
import type { Sample } from '../measure/sample.ts';
import { firstSign } from './first-sign.ts';
import type { StatusSign } from './watch-status.ts';

interface HookDrill {
  readonly config: Pick<Operations, 'gameday'>;
  readonly start: Pick<DrillStart, 'id' | 'scenario'>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

const ATTEMPTS = 2;

/** The hooks of the configuration cause the fault and end it. It is ended also if the drill fails or is interrupted. */
export async function byHooks(
  { config, start, emit, signal }: HookDrill,
  { inject, until, mark, pause }: Pick<Hands, 'inject' | 'until' | 'mark' | 'pause'>,
  samples: readonly Sample[],
  signs: readonly StatusSign[],
): Promise<void> {
  const { gameday } = config;
  const messageOf = (event: 'inject' | 'end') => ({
    event,
    drill: start.id,
    scenario: start.scenario,
    atMs: Date.now(),
  });
  const causes = async (): Promise<void> => {
    const { ok, says } = await runHooksInOrder(gameday.inject, messageOf('inject'), signal);
    if (!ok) throw new DrillFailure(`gameday.inject: ${says}.`);
  };
  /** Nothing interrupts it: a fault must not stay. Each hook has its own time limit. */
  const ends = async (): Promise<void> => {
    const startedMs = performance.now();
    const tell = (state: 'done' | 'failed', evidence: string): void =>
      emit({ type: 'step', name: 'end', where: 'fleet', state, evidence, tookMs: performance.now() - startedMs });
    let why = '';
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const { ok, says } = await runHooksInOrder(gameday.end, messageOf('end'), new AbortController().signal);
      if (ok) return tell('done', 'the hooks gameday.end have ended the fault');
      why = says;
    }
    const message = `gameday.end failed twice (${why}): the fault may still be in place. End it by hand.`;
    tell('failed', message);
    // An interrupted drill stays interrupted.
    if (!signal.aborted) throw new DrillFailure(message);
  };
  const sinceMs = performance.now();
  try {
    await inject('fleet', 'the hooks gameday.inject have caused the fault', causes);
    const endsAtMs = performance.now() + gameday.holdMs;
    await until(
      'a sign of the fault, or its end',
      () => firstSign(samples, signs, sinceMs) !== undefined || performance.now() > endsAtMs,
    );
    if (firstSign(samples, signs, sinceMs) !== undefined) mark('detect');
    await pause(Math.max(0, endsAtMs - performance.now()));
  } finally {
    await ends();
  }
}
