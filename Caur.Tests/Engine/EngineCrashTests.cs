using System.Globalization;
using Caur.Embedded.Storage;
using Caur.Tests.Engine.Conformance;
using Caur.Tests.Support;

namespace Caur.Tests.Engine;

/// <summary>A process that is killed has lost nothing that it answered.</summary>
public sealed class EngineCrashTests
{
    private const int Kills = 3;
    private const int WritesBeforeAKill = 200;

    [Fact]
    public async Task Kill_WhileWriting_LosesNoAnsweredWriteAndLeavesTheFileIntact()
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(StateGrain)] };
        var answered = new Dictionary<string, int>();
        for (var kill = 0; kill < Kills; kill++)
        {
            await WriteAndKillAsync(engine.DatabasePath, answered);
            Integrity(engine.DatabasePath).ShouldBe("ok");
            await engine.InitializeAsync();
            foreach (var (key, number) in answered)
            {
                var stored = await engine.Client.GetGrain<IStateGrain>(key).View();
                // One write may have been committed and its answer killed.
                int.Parse(stored.Text!, CultureInfo.InvariantCulture).ShouldBeInRange(number, number + 1, $"after kill {kill} of {key}");
            }

            await engine.StopAsync();
        }

        answered.Count.ShouldBe(8);
    }

    private static async Task WriteAndKillAsync(string databasePath, Dictionary<string, int> answered)
    {
        using var child = TestChild.Start(typeof(EngineWriter), databasePath);
        try
        {
            var lines = 0;
            while (await child.StandardOutput.ReadLineAsync().DefaultTimeout("a write of the child") is { } line)
            {
                if (++lines == WritesBeforeAKill)
                {
                    child.Kill();
                }

                // After the kill only the last line can be cut off, and it has no number then or a smaller one.
                if (line.Split(' ') is [var key, var text] && int.TryParse(text, CultureInfo.InvariantCulture, out var number))
                {
                    answered[key] = Math.Max(number, answered.GetValueOrDefault(key));
                }
            }

            lines.ShouldBeGreaterThanOrEqualTo(WritesBeforeAKill);
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync(CancellationToken.None).DefaultTimeout("the end of the child");
        }
    }

    private static string? Integrity(string path)
    {
        using var connection = new SqliteConnection(path, readOnly: false);
        return connection.Scalar("PRAGMA integrity_check");
    }
}
