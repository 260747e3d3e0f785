#!/usr/bin/env node
/**
 * The `rivulet` program. The build makes one bundle of it and of all it imports, Effect included, so that it starts
 * quickly and runs without any other package.
 */
import { main } from "./app.ts"

main()
