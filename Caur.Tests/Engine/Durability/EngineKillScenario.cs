using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Caur.Embedded.Storage;
using Caur.Tests.Soak;
using Caur.Tests.Support;

namespace Caur.Tests.Engine.Durability;

/// <summary>
/// A process that writes is killed at random moments, while it starts, recovers, writes or writes its log back: no answered write is lost,
/// none is torn, none appears that was never made, and the file is intact.
/// </summary>
[SuppressMessage("Security", "CA5394", Justification = "Repeatable on purpose.")]
internal sealed class EngineKillScenario : ISoakScenario
{
    public string Name => "engine-kill";

    public async Task RunAsync(SoakRound round)
    {
        var ledger = new LoadLedger();
        var path = Path.Combine(round.Folder, "caur.db");
        var copies = Directory.CreateDirectory(Path.Combine(round.Folder, "copies")).FullName;
        // A small log is written back every few commits, so that kills meet that too.
        var settings = new SqliteSettings { CheckpointPages = round.Random.Next(3) switch { 0 => 1, 1 => 20, _ => 1000 } };
        for (var kill = round.IsShort ? 2 : 20; kill > 0; kill--)
        {
            // The first of a short round after many answers, so that every run of the tests has some.
            var byCount = (round.IsShort && kill == 2) || round.Random.Next(2) == 0;
            await RunAndKillAsync(
                EngineLoad.Arguments(path, operations: 0, settings, ledger.Done),
                byCount ? round.Random.Next(1, 600) : int.MaxValue,
                byCount ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(round.Random.Next(50, 2500)),
                round,
                ledger);
            round.Count("engine kills");
            ledger.Check(path, copies);
        }

        round.Count("engine writes kept", ledger.Done.Values.Sum());
    }

    private static async Task RunAndKillAsync(string[] arguments, int answers, TimeSpan time, SoakRound round, LoadLedger ledger)
    {
        using var child = TestChild.Start(typeof(EngineLoad), arguments);
        try
        {
            using var timer = TimeProvider.System.CreateTimer(_ => Kill(child), null, time, Timeout.InfiniteTimeSpan);
            while (await child.StandardOutput.ReadLineAsync(round.Cancelled).AsTask().DefaultTimeout("a write of the child") is { } line)
            {
                line.ShouldNotStartWith("failed");
                if (ledger.Add(line) && --answers == 0)
                {
                    Kill(child);
                }
            }

            // By itself it never ends.
            await child.WaitForExitAsync(round.Cancelled).DefaultTimeout("the end of the child");
            child.ExitCode.ShouldBe(128 + 9, "the child was to be killed");
        }
        finally
        {
            Kill(child);
        }
    }

    private static void Kill(Process child)
    {
        try
        {
            child.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }
}
