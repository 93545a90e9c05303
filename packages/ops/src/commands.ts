import type { Command } from './command.ts';
import { doctor } from './doctor/doctor.ts';
import { epoch } from './epoch/epoch.ts';
import { failover } from './failover/failover.ts';
import { fence } from './fence/fence.ts';
import { gameday } from './gameday/gameday.ts';
import { salvage } from './salvage/salvage.ts';
import { smokeTest } from './smoke/smoke-test.ts';
import { status } from './status/status.ts';
import { tail } from './tail/tail.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [doctor, status, smokeTest, failover, fence, tail, salvage, epoch, gameday];
