/** A real cluster under a manager of high availability, on loopback. */
export interface Cluster extends Disposable {
  /** The programs and their versions, for the page that tells what was tried. */
  readonly versions: string;
  /** How an app reaches it: connection strings by region. */
  readonly pools: Readonly<Record<string, readonly string[]>>;
  readonly nodes: readonly Node[];
  /** The REST API of the agent of each node, by the node's name. */
  readonly managers?: Readonly<Record<string, string>>;
  /** The node that the manager calls the primary, or undefined while it calls none so. */
  leader(): Promise<Node | undefined>;
  /** Whether the manager sees a primary and every other node streaming from it. */
  isWhole(): Promise<boolean>;
  /** The end of what its agents have printed. */
  logs(): string;
  /** Asks the manager for a planned switchover; resolves when it has agreed to do it. */
  switchover(): Promise<void>;
}

/** One node: its PostgreSQL and the agent that manages it. */
export interface Node {
  readonly name: string;
  /** How to reach its PostgreSQL without anything in between. */
  readonly url: string;
  /** The processes of the agent, without PostgreSQL's. */
  agent(): readonly number[];
  /** The processes of PostgreSQL. */
  postgres(): readonly number[];
  /** Starts what was killed, as a machine that boots does: the agent makes a standby of it. */
  start(): Promise<void>;
  /** Starts PostgreSQL as a primary with the data that it has, without its agent. */
  startServer(): Promise<void>;
  /** A clean stop of PostgreSQL, while no agent manages it. */
  stopServer(): Promise<void>;
}
