export { type DiskCheckOptions, diskCheck } from './disk.ts';
export { type MemoryCheckOptions, memoryCheck } from './memory.ts';
export { type PrismaLike, prismaCheck } from './prisma.ts';
export { type RedisLike, redisCheck } from './redis.ts';
