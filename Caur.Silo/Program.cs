using Caur.Silo.Cli;

StandardError.Install();
using var interrupts = new Interrupts();
return await CommandLine.RunAsync(args, CliContext.OfProcess(), interrupts.Token);
