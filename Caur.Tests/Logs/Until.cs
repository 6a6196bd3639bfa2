using Caur.Tests.Support;

namespace Caur.Tests.Logs;

/// <summary>Waits for what nobody tells of.</summary>
internal static class Until
{
    /// <summary>Looks again and again.</summary>
    public static async Task TrueAsync(Func<bool> condition, string phase)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (!condition())
        {
            limit.IsCancellationRequested.ShouldBeFalse($"{phase} did not happen");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Asks again and again.</summary>
    public static async Task AnsweredAsync(Func<Task<bool>> condition, string phase)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (!await condition())
        {
            limit.IsCancellationRequested.ShouldBeFalse($"{phase} did not happen");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Looks again and again until an assertion holds; what it says in the end is what the test says.</summary>
    public static async Task HoldsAsync(Action assertion)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (true)
        {
            try
            {
                assertion();
                return;
            }
            catch (Exception) when (!limit.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
            }
        }
    }
}
