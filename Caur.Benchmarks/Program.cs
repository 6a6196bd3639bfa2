// Benchmarks are yet to be written: a run that measures nothing must not look like one that did.
await Console.Error.WriteLineAsync($"caur {args.FirstOrDefault() ?? "bench"}: there is nothing to run yet");
return 2;
