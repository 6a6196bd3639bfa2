using Caur.Pipelines.Polite;

namespace Caur.Pipelines.Upstream;

/// <summary>Runs something against a host in its turn, twice if it must be, and tells why it failed.</summary>
internal sealed class TwoTries(HostPacer pacer, PoliteOptions options)
{
    /// <param name="host">Whom it asks.</param>
    /// <param name="what">What it does, for the words: <c>clone</c>.</param>
    /// <param name="attempt">Does it.</param>
    /// <param name="cancellationToken">Ends it, as an exception.</param>
    public async Task<Answer<T>> RunAsync<T>(
        string host, string what, Func<CancellationToken, Task<Attempt<T>>> attempt, CancellationToken cancellationToken)
        where T : class
    {
        string? problem = null;
        for (var tries = 1; ; tries++)
        {
            var turn = await pacer.EnterAsync(host, cancellationToken);
            if (!turn.IsGiven)
            {
                return Answer<T>.Refused(problem is null ? $"{what} not tried: {turn.Problem}" : $"{what} failed: {problem}; {turn.Problem}");
            }

            Attempt<T> done;
            using (turn.Value)
            {
                done = await attempt(cancellationToken);
            }

            if (done.Answer.IsGiven)
            {
                pacer.Succeeded(host);
                return done.Answer;
            }

            problem = done.Answer.Problem;
            if (done.Kind == AttemptKind.Refused)
            {
                pacer.Succeeded(host);
                return done.Answer;
            }

            if (done.Kind == AttemptKind.HostFailed)
            {
                pacer.Failed(host);
            }

            if (tries >= options.Tries)
            {
                return Answer<T>.Refused($"{what} failed {PoliteClient.Times(tries)}: {problem}");
            }
        }
    }
}

/// <summary>The ways in which a try goes.</summary>
internal enum AttemptKind
{
    Done,

    /// <summary>What came is refused for what it is: to try again would not help.</summary>
    Refused,

    /// <summary>It failed, and the host as a whole may be well: a repository that is gone does not speak against its neighbours.</summary>
    Failed,

    /// <summary>The host cannot be reached, is overloaded, or asks for fewer requests: it is left alone for a while.</summary>
    HostFailed,
}

/// <summary>How one try went.</summary>
/// <param name="Answer">What came of it.</param>
/// <param name="Kind">How it went.</param>
internal readonly record struct Attempt<T>(Answer<T> Answer, AttemptKind Kind)
    where T : class
{
    public static Attempt<T> Of(T value) => new(Answer<T>.Of(value), AttemptKind.Done);

    public static Attempt<T> Failed(string problem, bool ofHost = false) =>
        new(Answer<T>.Refused(problem), ofHost ? AttemptKind.HostFailed : AttemptKind.Failed);

    public static Attempt<T> Refused(string problem) => new(Answer<T>.Refused(problem), AttemptKind.Refused);
}
