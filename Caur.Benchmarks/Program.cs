using Caur.Benchmarks.Comparing;
using Caur.Benchmarks.Rows;
using Caur.Benchmarks.Running;
using Caur.Benchmarks.Schedules;
using Caur.Silo.Cli;

using var interrupts = new Interrupts();
if (args is [ZeroBuilderProcess.Verb, .. var builder])
{
    return await ZeroBuilderProcess.MainAsync(builder, interrupts.Token);
}

if (args is [CompareCommand.Verb, .. var compared])
{
    return await CompareCommand.MainAsync(compared, Console.Out, Console.Error, interrupts.Token);
}

if (args is [ScheduleRunCommand.Verb, .. var scheduled])
{
    return await ScheduleRunCommand.MainAsync(scheduled, Console.Out, Console.Error, interrupts.Token);
}

return await BenchCommand.MainAsync(args is ["bench", .. var rest] ? rest : args, Console.Out, Console.Error, interrupts.Token);
