import { parseLsn } from '../history/lsn.ts';

/** The slot of this database. */
export interface SlotFacts {
  /** Everything that was committed before it can no longer be decoded. */
  readonly confirmed: bigint;
  readonly heldBytes: number;
  /** `test_decoding`, of this database, and without two_phase. */
  readonly isOurs: boolean;
  readonly isActive: boolean;
  /** The server has removed its WAL. */
  readonly isLost: boolean;
}

/** What one look at a server found. */
export interface TailFacts {
  /** 0: the server is in recovery. */
  readonly timeline: number;
  /** False: another process ticks now. */
  readonly hasLock: boolean;
  readonly isLogical: boolean;
  readonly slot: SlotFacts | undefined;
  /** The minimum of what the named standbys have flushed. Undefined: not known. */
  readonly target: bigint | undefined;
  /** The named standbys that do not stream. */
  readonly missing: readonly string[];
  /** A keeper has dropped the slot on this timeline. */
  readonly wasDropped: boolean;
  /** `regionkit.tail` has other limits than this keeper, or none. */
  readonly hasOtherLimits: boolean;
  /** Where this timeline begins, if this is known and not recorded. */
  readonly promotion: Promotion | undefined;
}

/** What `regionkit.tail` records of a timeline. */
export interface Promotion {
  /** The end of the replay. Undefined: the server was restarted since, or has crashed. Its history file has it. */
  readonly fork: string | undefined;
  /** The next transaction at the checkpoint with this redo position, as a number with 64 bits. */
  readonly firstXid: string;
  readonly redo: string;
}

export interface LookRow {
  readonly facts: {
    readonly timeline: number;
    readonly hasLock?: boolean;
    readonly isLogical?: boolean;
    readonly slot?: {
      readonly confirmed: string | null;
      readonly heldBytes: number | null;
      readonly isOurs: boolean;
      readonly isActive: boolean;
      readonly isLost: boolean;
    } | null;
    readonly target?: string | null;
    readonly missing?: readonly string[] | null;
    readonly checkpointed?: number;
    readonly fork?: string | null;
    readonly firstXid?: string;
    readonly redo?: string;
  };
  readonly dropped: boolean | null;
  readonly recorded: boolean | null;
  readonly other: boolean | null;
}

/** Pure. */
export function readFacts({ facts, dropped, recorded, other }: LookRow): TailFacts {
  const { timeline, slot, firstXid, redo } = facts;
  // A timeline that followed no other has no fork. The first checkpoint of a new one comes a moment after its promotion.
  const isNew = timeline > 1 && recorded !== true && facts.checkpointed === timeline;
  return {
    timeline,
    hasLock: facts.hasLock === true,
    isLogical: facts.isLogical === true,
    slot:
      slot == null
        ? undefined
        : {
            confirmed: position(slot.confirmed) ?? 0n,
            heldBytes: slot.heldBytes ?? 0,
            isOurs: slot.isOurs,
            isActive: slot.isActive,
            isLost: slot.isLost,
          },
    target: position(facts.target),
    missing: facts.missing ?? [],
    wasDropped: dropped === true,
    hasOtherLimits: other === true,
    promotion:
      isNew && firstXid !== undefined && redo !== undefined
        ? { fork: facts.fork ?? undefined, firstXid, redo }
        : undefined,
  };
}

const position = (lsn: string | null | undefined): bigint | undefined => (lsn == null ? undefined : parseLsn(lsn));
