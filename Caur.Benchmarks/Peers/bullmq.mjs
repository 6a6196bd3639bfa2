// Drives BullMQ as a farm's queue: so many jobs, so many workers, nothing done in a job.
// Arguments: the path of Redis's socket, "plain" or "ordered", workers, jobs at a time in each, the file with the jobs: [{"name":..,"after":[..]}].
// "ordered" keeps the order of the deptree in the way in which BullMQ offers it: a job that waits for others is delayed without end, and
// promoted when the last of them is completed. It prints one line of JSON: seconds from the first call to the last completion, and whether
// each job started after all before it were completed.
import { readFileSync } from 'node:fs';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const [socket, mode, workerCount, concurrency, file] = process.argv.slice(2);
const jobs = JSON.parse(readFileSync(file, 'utf8'));
const connect = () => new Redis(socket, { maxRetriesPerRequest: null });
const ordered = mode === 'ordered';
const queue = new Queue('builds', { connection: connect() });
const waits = new Map(jobs.map(job => [job.name, job.after.length]));
const dependants = new Map();
for (const job of jobs) {
  for (const first of job.after) {
    dependants.set(first, [...(dependants.get(first) ?? []), job.name]);
  }
}

const started = new Map();
const ended = new Map();
let step = 0;
let done;
const finished = new Promise(resolve => { done = resolve; });
let firstPart = 0;
let begin = 0;
const workers = [];
const ids = new Map();

async function completed(name) {
  ended.set(name, ++step);
  if (ended.size === 250) {
    firstPart = performance.now() - begin;
  }
  if (ordered) {
    for (const next of dependants.get(name) ?? []) {
      const left = waits.get(next) - 1;
      waits.set(next, left);
      if (left === 0) {
        await ids.get(next).promote();
      }
    }
  }
  if (ended.size === jobs.length) {
    done();
  }
}

for (let i = 0; i < Number(workerCount); i++) {
  const worker = new Worker('builds', async job => { started.set(job.name, ++step); }, {
    connection: connect(), concurrency: Number(concurrency), autorun: false,
  });
  worker.on('completed', job => completed(job.name));
  worker.on('error', error => { console.error(error); process.exit(1); });
  workers.push(worker);
}

await Promise.all([queue.waitUntilReady(), ...workers.map(worker => worker.waitUntilReady())]);
begin = performance.now();
const added = await queue.addBulk(jobs.map(job => ({
  name: job.name,
  data: job,
  opts: ordered && job.after.length > 0 ? { delay: 2 ** 31 } : {},
})));
for (const job of added) {
  ids.set(job.name, job);
}
const addedAfter = performance.now() - begin;
for (const worker of workers) {
  worker.run();
}
await finished;
const seconds = (performance.now() - begin) / 1000;
const violations = jobs.flatMap(job => job.after.filter(first => started.get(job.name) < ended.get(first))).length;
console.log(JSON.stringify({ seconds, addSeconds: addedAfter / 1000, first250Seconds: firstPart / 1000, violations }));
process.exit(0);
