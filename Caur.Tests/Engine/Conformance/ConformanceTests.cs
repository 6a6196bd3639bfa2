using Caur.Tests.Support;
using Orleans;

namespace Caur.Tests.Engine.Conformance;

/// <summary>
/// What grain code may rely on, whichever engine runs it: the tests know the Orleans API and an <see cref="IEngineFixture"/> only. Each
/// topic is an abstract class; an engine derives an empty class from each.
/// </summary>
public abstract class ConformanceTests<TFixture>(TFixture engine) : IClassFixture<TFixture>
    where TFixture : class, IEngineFixture
{
    protected TFixture Engine { get; } = engine;

    protected IClusterClient Client => Engine.Client;

    protected static string NewKey([System.Runtime.CompilerServices.CallerMemberName] string test = "") => $"{test}-{Guid.NewGuid():N}";

    protected TGrain Grain<TGrain>(string key)
        where TGrain : IGrainWithStringKey =>
        Client.GetGrain<TGrain>(key);

    /// <summary>Lets time pass; skips the test where that would take too long.</summary>
    protected Task AdvanceAsync(TimeSpan span)
    {
        Assert.SkipWhen(span > Engine.LongestAdvance, $"This engine's clock cannot be advanced by {span}.");
        return Engine.AdvanceAsync(span);
    }

    /// <summary>Asks again until the answer is the expected one.</summary>
    protected static async Task Eventually<T>(Func<Task<T>> ask, T expected, string phase)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        T answer;
        while (!EqualityComparer<T>.Default.Equals(answer = await ask(), expected))
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"{phase}: expected {expected}, the last answer was {answer}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }
}
