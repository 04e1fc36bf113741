// Teaches: a script that imports a module of a Plimsoll of your own.
//
//   go run ./examples/custom examples/custom/loadtest.js
//
// The module 'custom' is in main.go beside this file, written in Go.

import { scenario, check } from 'plimsoll'
import http from 'plimsoll/http'
import { order } from 'custom'

export const options = { vus: 2, iterations: 20 }

const server = __ENV.SERVER_URL || 'http://127.0.0.1:8888/v1'

scenario('order', {}, () => {
  const text = order('tea')
  const res = http.post(`${server}/__heartbeat__`, text)
  check(text, { 'orders are counted': (t) => JSON.parse(t).data.number > 0 })
  return res
})
