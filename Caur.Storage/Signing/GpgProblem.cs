namespace Caur.Storage.Signing;

/// <summary>Why nothing can be signed.</summary>
public enum GpgProblem
{
    /// <summary>The program is not installed.</summary>
    NoGpg,

    /// <summary>gpg's home does not exist or cannot be read.</summary>
    NoHome,

    /// <summary>Others than its owner can look into gpg's home.</summary>
    HomeNotPrivate,

    /// <summary>There is no secret key, or not the one that is asked for.</summary>
    NoKey,

    /// <summary>There are several usable secret keys and none was chosen.</summary>
    SeveralKeys,

    /// <summary>The key's time is over.</summary>
    KeyExpired,

    /// <summary>The key was revoked.</summary>
    KeyRevoked,

    /// <summary>The key exists and cannot sign, or was disabled.</summary>
    KeyUnusable,

    /// <summary>The key wants a passphrase, and nobody is here to type it.</summary>
    PassphraseNeeded,

    /// <summary>gpg-agent cannot be started or reached.</summary>
    AgentGone,

    /// <summary>The key is another one than that of earlier signatures, and nobody chose it.</summary>
    OtherKey,

    /// <summary>gpg's home cannot be written: not by this user, or its disk is full.</summary>
    HomeNotWritable,

    /// <summary>gpg did not end in time.</summary>
    Hangs,

    /// <summary>gpg failed in another way; the text has its words.</summary>
    Other,
}

/// <summary>Nothing can be signed, for a reason that an operator can change.</summary>
/// <param name="problem">The reason.</param>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="inner">What led to it.</param>
public sealed class GpgException(GpgProblem problem, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The reason.</summary>
    public GpgProblem Problem { get; } = problem;
}
