import type { ServerName } from './local/names.ts';
import type { Stage } from './local/stage.ts';
import type { PhaseName } from './measure/phases.ts';

/** What a scenario works with. Each call is a step of the journal. */
export interface Script {
  readonly stage: Stage;
  /** The fault. The clock starts when `act` begins; the fault is in effect when it resolves. */
  inject(where: string, says: string, act: () => Promise<unknown>): Promise<void>;
  /** Waits until the fault is noticed. @throws {DrillFailure} It was not, in the time that the drill has. */
  noticed(says: string, look: () => boolean): Promise<void>;
  /** Waits for anything else. @throws {DrillFailure} It was not so in time. */
  until(says: string, look: () => boolean): Promise<void>;
  /** Promotes, as an operator does after a moment. */
  promote(to: ServerName): Promise<void>;
  /** Anything else that is done. */
  step(where: string, says: string, act: () => Promise<unknown>): Promise<void>;
  /** What must hold now. If it does not, the drill has failed, and goes on. */
  rule(where: string, says: string, holds: () => Promise<boolean>): Promise<void>;
  /** Waits until clients of every place write again. */
  writesAgain(): Promise<void>;
  /** A pause of between one and two times `ms`, by the seed. */
  pause(ms: number): Promise<void>;
}

/** A fault to practise, on the lab. */
export interface Scenario {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** What the time to normal consists of. */
  readonly phases: readonly PhaseName[];
  /** Whether the fault can lose acknowledged writes, because replication is asynchronous. */
  readonly mayLose: boolean;
  readonly twin?: boolean;
  readonly dnsSlackMs?: number;
  /** What happens before the clients come. */
  prepare?(stage: Stage): Promise<void>;
  play(script: Script): Promise<void>;
}
