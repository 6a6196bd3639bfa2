using Caur.Silo.Cli;

using var interrupts = new Interrupts();
return await CommandLine.RunAsync(args, CliContext.OfProcess(), interrupts.Token);
