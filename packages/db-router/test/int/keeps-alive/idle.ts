import { router } from './router.ts';

// Nobody waits for anything: only the background is at work.
process.on('exit', () => console.log(router.topology().state === 'ready' ? 'a primary' : 'no primary'));
