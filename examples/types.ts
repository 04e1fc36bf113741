// Teaches: TypeScript, modules of your own, and data from a JSON file.
//
//   plimsoll run examples/types.ts --demo --vus 4 --duration 5s
//
// `plimsoll types > plimsoll.d.ts` gives your editor completion for the imports below.

import { check, scenario } from 'plimsoll'
import http from 'plimsoll/http'

import tasks from './tasks.json'

interface Task {
  title: string
  hours: number
}

const server = (__ENV.SERVER_URL || 'http://127.0.0.1:8888/v1').replace('://', '://ann:secret@')
const records = `${server}/buckets/default/collections/typed/records`

function pick(from: Task[]): Task {
  return from[Math.floor(Math.random() * from.length)]
}

scenario('plan a task', { delay: '10ms' }, () => {
  const task = pick(tasks)
  const res = http.post(records, JSON.stringify({ data: task }), { headers: { 'Content-Type': 'application/json' } })
  check(res, {
    'status is 201': (r) => r.status === 201,
    'keeps the title': (r) => r.json('data.title') === task.title,
  })
})
